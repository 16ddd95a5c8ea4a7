# Arguments, environment, standard input, exit code.
p ARGV, ENV.to_h.sort
p $stdin.gets, $stdin.read, $stdin.gets
warn "to stderr"
at_exit { puts "at exit" }
print "no line end"
$stdout.flush
exit 17
