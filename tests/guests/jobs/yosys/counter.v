// A counter with enable, synchronous reset and carry out, beside it a small machine of states and a memory.
module counter #(parameter WIDTH = 4) (
    input wire clk, input wire reset, input wire enable,
    output reg [WIDTH-1:0] value, output wire carry
);
    assign carry = enable & (&value);
    always @(posedge clk)
        if (reset) value <= 0;
        else if (enable) value <= value + 1'b1;
endmodule

module traffic (input wire clk, input wire reset, input wire car, output reg [2:0] light);
    localparam RED = 2'd0, GREEN = 2'd1, YELLOW = 2'd2;
    reg [1:0] state;
    wire [3:0] ticks;
    wire over;
    counter timer (.clk(clk), .reset(reset | over), .enable(1'b1), .value(ticks), .carry(over));
    always @(posedge clk)
        if (reset) state <= RED;
        else case (state)
            RED: if (car) state <= GREEN;
            GREEN: if (over) state <= YELLOW;
            YELLOW: if (ticks[1]) state <= RED;
            default: state <= RED;
        endcase
    always @* case (state)
        RED: light = 3'b100;
        GREEN: light = 3'b001;
        YELLOW: light = 3'b010;
        default: light = 3'b111;
    endcase
endmodule

module store (input wire clk, input wire write, input wire [2:0] address, input wire [7:0] in, output reg [7:0] out);
    reg [7:0] words [0:7];
    always @(posedge clk) begin
        if (write) words[address] <= in;
        out <= words[address] * 8'd3;
    end
endmodule
