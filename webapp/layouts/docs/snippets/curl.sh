# TOKEN: a user token, from `manage.py user_token KEY` on your server.
AS="Authorization: Bearer $TOKEN"

# The layout, and again: 304 while nothing changed.
curl -sS -H "$AS" -D headers.txt "$SITE/api/layout?surface=course-home" > layout.json
ETAG=$(sed -n 's/^etag: *\(.*\)\r$/\1/Ip' headers.txt)
curl -sS -H "$AS" -H "If-None-Match: $ETAG" -o again.txt -w '%{http_code}\n' \
  "$SITE/api/layout?surface=course-home"

# A use, with the decision it happened on. Sent twice it counts once.
DECISION=$(sed 's/.*"decision":"\([^"]*\)".*/\1/' layout.json)
NOW=$(date -u +%Y-%m-%dT%H:%M:%SZ)
USE="{\"id\":\"use-$$\",\"at\":\"$NOW\",\"type\":\"use\",\"block\":\"forum\"}"
for TIME in once again; do
  curl -sS -H "$AS" -H 'Content-Type: application/json' \
    -d "{\"decision\":\"$DECISION\",\"events\":[$USE]}" "$SITE/api/events"
done

# A wish, with the same decision: it acts at once, and the answer is the layout that follows.
PIN="\"id\":\"pin-$$\",\"at\":\"$NOW\",\"type\":\"pin\",\"block\":\"forum\""
curl -sS -H "$AS" -H 'Content-Type: application/json' -o pinned.json -w '%{http_code}\n' \
  -d "{\"decision\":\"$DECISION\",$PIN}" "$SITE/api/feedback"
