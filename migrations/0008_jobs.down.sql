drop table schedule_runs;
drop table dead_jobs;
drop table jobs;
