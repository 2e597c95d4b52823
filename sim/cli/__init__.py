"""The command line, one command a file.

Heavy modules are imported inside a command's function, so that help answers at once.
"""
