drop function organizations_with_ending_keys;
drop function api_key_by_hash;
drop table api_keys;
