"""What the key server does, apart from HTTP and SQL dialects: one module for each duty.

`issuing` makes credentials and takes them back, `doors` is what controllers are given and tell,
`people` is who is known and what is decided about them. What all three use stands here.
"""
