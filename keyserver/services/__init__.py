"""What the key server does, apart from HTTP and SQL dialects: one module for each duty."""
