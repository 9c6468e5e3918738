"""The verbs of the program `policies`: what is read, what is asked, and how the answer is shown."""
