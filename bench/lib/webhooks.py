"""webhooks.py N PHONE_ID WABA DISPLAY SECRET: N signed WhatsApp bodies, each with an id of its own; BODY<tab>SIGNATURE."""
import hmac, json, os, sys

n, phone, waba, display, secret = int(sys.argv[1]), *sys.argv[2:6]
run = os.urandom(6).hex()
out = sys.stdout
for i in range(n):
    wa_id = f"55119{80000000 + i % 2000}"
    body = json.dumps({
        "object": "whatsapp_business_account",
        "entry": [{"id": waba, "changes": [{"field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": display.lstrip("+"), "phone_number_id": phone},
            "contacts": [{"profile": {"name": "Marina Exemplo"}, "wa_id": wa_id}],
            "messages": [{"from": wa_id, "id": f"wamid.{run}{i:010d}", "timestamp": "1767355237", "type": "text",
                          "text": {"body": "Bom dia! Gostaria de remarcar minha consulta"}}],
        }}]}],
    }, separators=(",", ":"))
    out.write(body + "\t" + hmac.new(secret.encode(), body.encode(), "sha256").hexdigest() + "\n")
