"""Policy documents, and the files of registers: read strictly, printed, edited in place."""
