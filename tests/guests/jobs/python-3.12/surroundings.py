# Arguments, environment, standard input, exit code.
import os
import sys

print(sys.argv)
print(sorted(os.environ.items()))
print([line for line in sys.stdin])
print(repr(sys.stdin.read()))
print("to stderr", file=sys.stderr)
sys.stdout.write("no line end")
sys.stdout.flush()
sys.exit(42)
