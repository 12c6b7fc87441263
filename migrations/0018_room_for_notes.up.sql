-- A note changes nothing of its conversation that an index holds: with room in the page its update stays there and
-- costs a seventh of one that writes to every index. Pages written from now on keep that room.
alter table conversations set (fillfactor = 80);
