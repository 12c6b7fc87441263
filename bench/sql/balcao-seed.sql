-- 25,000 contacts with one conversation each in the bench's organization, 24,000 of them open (1,000 pages of 20 and more),
-- and 4 messages in each of the first 5,000. Ids are fixed, so that load scripts need no look-up.
\set ON_ERROR_STOP 1
BEGIN;
CREATE TEMP TABLE the AS
SELECT a.organization_id AS org, a.id AS account, (SELECT id FROM units u WHERE u.organization_id = a.organization_id ORDER BY id LIMIT 1) AS unit
FROM channel_accounts a WHERE a.organization_id = :'org'::uuid AND a.kind = 'whatsapp' LIMIT 1;

INSERT INTO contacts (id, organization_id, stage, name, profile_name, origin, created_at, updated_at)
SELECT ('01900001-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, org, 'lead', 'Contact ' || g, 'Contact ' || g, 'inbound',
  timestamptz '2026-01-01' + g * interval '1 minute', timestamptz '2026-01-01' + g * interval '1 minute'
FROM the, generate_series(1, 25000) g;

INSERT INTO contact_identities (id, organization_id, contact_id, address_id, kind, value, match_key, raw, trust, is_primary, first_seen, last_seen)
SELECT ('01900002-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, org, ('01900001-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid,
  ('01900003-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, 'phone', '+55219' || (70000000 + g), 'seed-55217' || g, '55219' || (70000000 + g),
  'verified', true, timestamptz '2026-01-01', timestamptz '2026-01-01'
FROM the, generate_series(1, 25000) g;

INSERT INTO conversations (id, organization_id, number, audience, channel_account_id, channel_kind, contact_id, identity_id, address_id,
  status, unit_id, origin, last_seq, waiting_since, last_inbound_at, last_activity_at, closed_at, window_opens_at, window_closes_at, created_at, updated_at)
SELECT ('01900004-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, org, 1000000 + g, 'external', account, 'whatsapp',
  ('01900001-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, ('01900002-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid,
  ('01900003-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid,
  CASE WHEN g % 25 = 0 THEN 'closed' ELSE 'open' END, unit, 'inbound', CASE WHEN g <= 5000 THEN 4 ELSE 0 END,
  at, at, at, CASE WHEN g % 25 = 0 THEN at END, now() - interval '1 minute', now() + interval '20 hours', at, at
FROM the, generate_series(1, 25000) g, LATERAL (SELECT timestamptz '2026-02-01' + g * interval '1 minute' AS at) t;

INSERT INTO conversation_numbers (organization_id, last_number) SELECT org, 1100000 FROM the
ON CONFLICT (organization_id) DO UPDATE SET last_number = excluded.last_number;

INSERT INTO messages (id, organization_id, conversation_id, seq, direction, kind, sender_kind, sender_id, sender_name, source, segments, created_at, received_at)
SELECT ('01900005-000' || s || '-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, org, ('01900004-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid,
  s, 'inbound', 'text', 'contact', ('01900001-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, 'Contact ' || g, 'channel',
  jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'Message ' || g || ': hello, where is my order, please? ' || repeat('x', 60))),
  timestamptz '2026-02-01' + g * interval '1 minute', timestamptz '2026-02-01' + g * interval '1 minute'
FROM the, generate_series(1, 5000) g, generate_series(1, 4) s;
COMMIT;
VACUUM ANALYZE;
