# Every key that lbha knows.
#
# A value is the default, so a line that has one can be left out, unless its comment
# begins with
#   (required)  there is no default
#   (e)         an example; the default is said, or it is that the key is not there
# Durations are texts ("250ms", "1m30s"), addresses are texts, numbers have no quotes.
# A block on one line holds one argument at most.
#
# The file is the same on both machines. self is the director block of the machine that
# reads it, local.NAME is what locals defines, and a `dynamic` block makes several blocks
# of one kind. Of functions there are cidrhost, cidrnetmask, env(NAME, DEFAULT),
# file(PATH), format, range, and the usual ones for texts, numbers, lists and maps.

include = ["conf.d/*.hcl"] # (e) merged in the order of names; relative to this file

locals {
  inner   = "192.168.17.0/24"                  # (e) free names, for use below as local.inner
  servers = { server01 = 102, server03 = 101 } # (e)
}

# One block for each machine. The label is its host name, or what --director says.
director "server04" {
  address  = "192.168.17.103" # (required) how the other director reaches it
  priority = 150              # (e) 1..254, the higher one is Active; 255 is the address owner; default 100
  vars     = { nic = "eth0" } # (e) free values, read back as self.vars.nic
}

director "server05" {
  addresses = ["192.168.17.104"] # (required) or a list, with at most one address per family
  priority  = 100
  vars      = { nic = "ens3" } # (e)
}

# A virtual router: addresses that are on one of the directors at a time.
vrrp "frontend" {
  virtual_router_id      = 51            # (required) 1..255, one that nobody else uses on this network
  interface              = self.vars.nic # (required) where the directors hear each other
  priority               = self.priority # 1..255; 100 if the file has no director block
  version                = 3             # RFC 9568
  advertisement_interval = "1s"          # 10ms..40.95s, in whole hundredths of a second
  checksum               = "rfc9568"     # the form that is sent; "pseudo_header" is keepalived's and FRR's. Both are accepted
  preempt                = true          # a higher priority takes over from a living Active
  lease                  = "auto"        # kernel lifetime of the addresses: 4 intervals rounded up to seconds, at least 2s; or "off"; or whole seconds, longer than the interval

  # The label is the address with the prefix length of its network.
  virtual_address "192.168.24.52/24" {}
  # If the block says address, the label is a name.
  virtual_address "gateway" {
    address   = "${cidrhost(local.inner, 100)}/24" # (e)
    interface = "eth1"                             # (e) default: the interface of the vrrp block
  }

  # How a new Active tells the network, by gratuitous ARP, for each address.
  announce {
    count    = 5        # 1..100
    interval = "1100ms" # 10ms..1m; Linux hosts ignore a second change within 1s
    refresh  = "60s"    # 1s..24h between later ones; "0s": never
  }
}

# A service: an address and port that clients use, and the servers behind it.
virtual_server "web" {
  address    = "192.168.24.52:80" # (required)
  protocol   = "tcp"              # or "udp"
  scheduler  = "wlc"              # rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh, as in ipvsadm(8)
  forwarding = "nat"              # or "dr": direct routing
  on_failure = "remove"           # a server that is down is taken out; or "quiesce": it stays with weight 0
  require    = "all"              # how many of a server's checks must pass; or "any"

  # Checks of every server that has none of its own. Without any check servers are
  # always up.
  check "http" {
    interval      = "2s"         # 10ms..24h
    timeout       = "1s"         # at most the interval
    fast_interval = "2s"         # while a verdict is changing; default: the interval
    rise          = 2            # good results in a row that make a server up again; the very first needs one
    fall          = 3            # bad ones that take it out
    port          = 8080         # (e) default: the server's
    source        = self.address # (e) local address to look from; default: the kernel's choice
    path          = "/healthz"
    method        = "GET"             # or "HEAD", "OPTIONS"
    host          = "www.example.com" # (e) the Host header; default: the address
    status        = "200-299"         # what is good: 200, "200-299", or a list such as ["200-299", 304]
  }
  check "tcp" { # a connection is enough; the keys are those of "http" up to source
    port = 22   # (e)
  }

  dynamic "real_server" { # one block for each of for_each: server01, server03
    for_each = local.servers
    labels   = [real_server.key]
    content {
      address    = "${cidrhost(local.inner, real_server.value)}:80" # (required)
      weight     = 1                                                # 0..65535; 0 gets no new connections
      forwarding = "nat"                                            # default: the service's
    }
  }
  real_server "server06" {
    address = "192.168.17.106:80" # (required)
    check "tcp" {}                # replaces the checks of the service
  }
}

sysctl {
  manage = true # set what the file needs, put it back on exit; false: only report
}

on_stop = "keep" # the kernel's table of these services on exit; or "remove"

control {
  socket = "/run/lbha/lbha.sock" # where `lbha status` asks
  group  = "lbha"                # who may, beside root; "": nobody
}

log {
  level  = "info" # debug info warn error
  format = "text" # or "json"
}
