#!/usr/bin/perl
print "Content-type: text/html\n\n";
my ($server, $port) = settings();
my @options = ("-e", "http_proxy = http://$server:$port/");
my @command = ("wget", @options, "-O", "news.txt");
exec(@command);
