vrrp "front" { virtual_router_id = 51, interface = "eth0" } # ERROR: Invalid single-argument block definition
