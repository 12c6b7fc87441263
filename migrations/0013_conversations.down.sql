drop table conversation_participants;
drop table conversation_assignments;
drop table conversations;
drop table conversation_numbers;
