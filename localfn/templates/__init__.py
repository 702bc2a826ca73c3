"""From the bytes of a template to a tree in which every value knows its file and line.

Whatever a cloud's templates mean is read in `providers/<cloud>/templates`.
"""
