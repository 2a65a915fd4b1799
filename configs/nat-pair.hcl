# A pair of directors with two web servers behind them, by NAT (LVS-NAT).
#
#                        client
#                           |
#        eth0 --------------+-------------- eth0      outer network, 192.168.24.0/24
#     server04       192.168.24.52        server05    the address that clients use
#    (.17.103)       192.168.17.100       (.17.104)   the servers' default gateway
#        eth1 --------------+-------------- eth1      inner network, 192.168.17.0/24
#                           |
#               +-----------+-----------+
#           server01                server03          web servers, .102 and .101
#
# A director rewrites the destination of each packet, so the answers have to come back
# through it: the servers' default gateway is 192.168.17.100, and it moves together
# with the outer address, because both belong to the same vrrp block.

director "server04" {
  address  = "192.168.17.103"
  priority = 150
}

director "server05" {
  address  = "192.168.17.104"
  priority = 100
}

vrrp "frontend" {
  virtual_router_id = 51
  interface         = "eth0"

  # A director that is silent for three of these, and a little, is replaced: with
  # 300ms after about a second. 10ms is the least, on machines that keep up with it.
  advertisement_interval = "300ms"

  virtual_address "192.168.24.52/24" {} # on eth0, the interface above
  virtual_address "192.168.17.100/24" {
    interface = "eth1"
  }
}

virtual_server "web" {
  address    = "192.168.24.52:80"
  scheduler  = "rr" # each server in turn
  forwarding = "nat"

  # One look a second. The first bad one makes lbha look again after 200ms, and the
  # second takes the server out: a dead web server is gone after little more than 1.2s,
  # a machine that does not answer at all after 1.8s at most.
  check "http" {
    path          = "/"
    interval      = "1s"
    timeout       = "400ms"
    fast_interval = "200ms"
    rise          = 2
    fall          = 2
  }

  real_server "server01" {
    address = "192.168.17.102:80"
  }
  real_server "server03" {
    address = "192.168.17.101:80"
  }
}
