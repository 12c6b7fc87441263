alter table conversations reset (fillfactor);
