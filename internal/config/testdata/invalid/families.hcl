virtual_server "six" {
  address = "[2001:db8::52]:80"
  check "tcp" {
    source = "192.168.17.103" # ERROR: Invalid source
  }
  real_server "one" { address = "192.168.17.102:80" } # ERROR: Mixed address families
  real_server "two" { address = "[2001:db8::102]:80" }
  real_server "three" { address = "[2001:db8::103]:80" }
}

virtual_server "four" {
  address    = "192.168.24.52:80"
  forwarding = "dr"
  real_server "one" { address = "[2001:db8::102]:80" } # ERROR: Mixed address families
  real_server "two" { address = "192.168.17.102:8080" } # ERROR: Invalid real_server port
  real_server "three" {
    address    = "192.168.17.103:8080"
    forwarding = "nat"
  }
}
