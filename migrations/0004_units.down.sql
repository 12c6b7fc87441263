drop view fallback_units;
drop view unit_memberships;
drop view team_units;
drop view unit_trees;
drop table unit_members;
drop table units;
