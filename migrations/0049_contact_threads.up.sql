-- What contacts asks of conversations: where a contact's threads are and who takes part, for organizations that show
-- people only the contacts they have to do with.
create view contact_threads with (security_invoker = true) as
select organization_id, contact_id, unit_id, channel_account_id, owner_id, participants
from conversations where contact_id is not null;
grant select on contact_threads to balcao_app;
