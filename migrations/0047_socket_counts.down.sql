drop table socket_counts;
