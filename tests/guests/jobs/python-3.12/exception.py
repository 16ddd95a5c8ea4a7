# An exception that nobody catches: the traceback goes to stderr.
class Broken(ValueError):
    pass


def descend(depth):
    if depth == 0:
        raise Broken("at the bottom") from KeyError("why")
    try:
        descend(depth - 1)
    finally:
        print("leaving", depth)


def deep(n):
    return deep(n + 1)


try:
    deep(0)
except RecursionError as error:
    print(type(error).__name__)
descend(5)
