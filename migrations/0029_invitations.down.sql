drop function invitation_by_token, invitations_of, expired_invitations;
drop table invitation_days, invitations;
