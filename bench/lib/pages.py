"""pages.py URL TOKEN N: walks N pages and prints the cursor that leads to each (the first needs none: an empty line)."""
import json, sys, urllib.parse, urllib.request

url, token, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
cursor = ""
for _ in range(count):
    print(urllib.parse.quote(cursor, safe=""))
    full = url + (f"&cursor={urllib.parse.quote(cursor, safe='')}" if cursor else "")
    with urllib.request.urlopen(urllib.request.Request(full, headers={"Authorization": f"Bearer {token}"}), timeout=10) as answer:
        cursor = json.load(answer)["next_cursor"]
    if not cursor:
        sys.exit("fewer pages than asked for: the seed is too small")
