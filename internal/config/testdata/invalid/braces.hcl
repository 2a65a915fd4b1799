director "a" {
  address = "192.168.17.103" priority = 150 # ERROR: Missing newline after argument
}
