# The smallest pair: two machines, one address that is always on one of them.
#
# Without a virtual_server lbha is a plain VRRP router (RFC 9568), and the kernel needs
# no IPVS. The same file goes on both machines; each finds itself by its host's name,
# or by `lbha run --director NAME`.

director "server04" {
  address  = "192.168.17.103"
  priority = 150 # the higher one has the address while it lives
}

director "server05" {
  address  = "192.168.17.104"
  priority = 100
}

vrrp "frontend" {
  virtual_router_id = 51     # any number that nobody else uses on this network
  interface         = "eth0" # where the two hear each other
  virtual_address "192.168.17.205/24" {}
}
