drop view contact_threads;
