#!/usr/bin/perl
use IO::Socket;
open STDIN, '</dev/null' or print "no input: $!\n";
open(STDERR, ">>$log") or print "no log: $!\n";
open STDOUT, '>&STDERR' or print "no output: $!\n";
exec('cmd.exe /C net stop service & net start service') if $^O =~ /Win/;
