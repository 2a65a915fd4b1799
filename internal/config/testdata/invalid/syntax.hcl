# Only what the parser says is reported, and of that only what is no consequence.
director "a" {
  address = "192.168.17.103 # ERROR: Invalid multi-line string
}

vrrp "front" {
  virtual_router_id = 999
}
