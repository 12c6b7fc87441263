drop table send_attempts;
drop table outbound_sends;
