// Ends with the code that its argument names.
print("ending with", args[1]);
exit(Number(args[1]));
print("never");
