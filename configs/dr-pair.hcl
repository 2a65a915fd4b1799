# A pair of directors with two web servers beside them, by direct routing (LVS-DR).
#
#                        client
#                           |
#      +-----------+--------+--------+-----------+    one network, 192.168.17.0/24
#      |           |                 |           |
#  server04     server05         server01    server03
#   (.103)       (.104)           (.102)      (.101)
#      +- .205 ----+                 (.205 on lo: they accept it, and do not say so)
#
# A director hands each packet on as it is, to the server's MAC address, and the server
# answers the client directly. Therefore every server has the address, too: on lo, with
# arp_ignore = 1 and arp_announce = 2, so that only the Active director answers ARP for
# it. The port stays the same as well.

director "server04" {
  address  = "192.168.17.103"
  priority = 150
}

director "server05" {
  address  = "192.168.17.104"
  priority = 100
}

vrrp "frontend" {
  virtual_router_id      = 51
  interface              = "eth0"
  advertisement_interval = "300ms"

  virtual_address "192.168.17.205/32" {} # /32: the address alone, no route to a network
}

virtual_server "web" {
  address    = "192.168.17.205:80"
  scheduler  = "rr"
  forwarding = "dr"

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
