drop function forget_author_in_events;
revoke select (txid, id, organization_id, occurred_at, data), update (data) on events from balcao_resolver;
drop policy resolver on events;
