module wrong (input a, output b); assign b = a + ; endmodule
