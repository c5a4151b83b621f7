package Device;
# answers HTTP_GET
sub read {
  my ($hash, @params) = @_;
  my $data = substr($hash->{BUF}, 0, $hash->{CONTENT_LENGTH});
  my $address = $hash->{helper}{VARS}{address};
  my $value = join(',', @params[2..$#params]);
  $hash->{state} = eval($value);
  $hash->{link} = eval($address);
  return eval($data) if $hash->{trusted};
}
1;
