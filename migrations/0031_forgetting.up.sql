-- Names of authors that stand in the log's messages: the one thing of a person that a fact holds, because a message is
-- shown with the name it was written under. Replaced when the person is erased, a page of the log at a time. Answers
-- where the page ended.
create policy resolver on events to balcao_resolver using (true);
grant select (txid, id, organization_id, occurred_at, data), update (data) on events to balcao_resolver;

create function forget_author_in_events(organization uuid, person uuid, shown text, from_txid bigint, from_id bigint, most integer)
returns table (last_txid bigint, last_id bigint)
language sql security definer set search_path = pg_catalog, public as $$
  with page as (
    select e.txid, e.id, e.occurred_at from events e
    where e.organization_id = organization and (e.txid, e.id) > (from_txid, from_id) order by e.txid, e.id limit most
  ), changed as (
    update events e set data = jsonb_set(e.data, '{message,sender,name}', to_jsonb(shown))
    from page p
    where e.organization_id = organization and e.id = p.id and e.occurred_at = p.occurred_at
      and e.data #>> '{message,sender,id}' = person::text and e.data #>> '{message,sender,kind}' = 'user'
  )
  select p.txid, p.id from page p order by p.txid desc, p.id desc limit 1
$$;
alter function forget_author_in_events owner to balcao_resolver;
revoke execute on function forget_author_in_events from public;
grant execute on function forget_author_in_events to balcao_app;
