//! Detections on sign-ins, accounts and the directory.

use super::{CLOUD_APPS, ENTRA, IDENTITY, Severity, Template};
use crate::evidence::Kind::{
    ActiveDirectoryDomain, CloudApplication, CloudLogonRequest, CloudLogonSession, Device, Dns, HostLogonSession, Ip,
    MailboxConfiguration, NetworkConnection, Process, SecurityGroup, User,
};
use crate::files::Tool;

templates! {
    UNFAMILIAR_SIGN_IN = ENTRA, "azureAdIdentityProtection", High, "InitialAccess" ["T1078.004"];
        "Unfamiliar sign-in properties";
        "A sign-in succeeded whose network, country, browser and device have not been seen for this person before. The session token satisfied multifactor authentication although no new challenge was answered, which fits a session taken over by a page in the middle.";
        "1. Confirm with the user over another channel whether they signed in.\n2. Mark the user as compromised if not: that revokes sessions and lifts the risk.\n3. Compare the session's later activity with the person's habits.\n4. Require compliant devices or phishing-resistant methods for this group.";
        [User, Ip, CloudLogonSession, CloudLogonRequest], None, None;

    ANOMALOUS_TOKEN = ENTRA, "azureAdIdentityProtection", Medium, "CredentialAccess" ["T1528", "T1550.004"];
        "Anomalous token";
        "A token of this account shows unusual traits: its lifetime is unusual or it is replayed from a place in which the device that received it has never been.";
        "1. Revoke the refresh tokens of the account.\n2. Compare the two places and devices of the session.\n3. Check which resources the token was used for.";
        [User, CloudLogonSession, Ip], None, None;

    PASSWORD_SPRAY = ENTRA, "azureAdIdentityProtection", Medium, "CredentialAccess" ["T1110.003"];
        "Password spray";
        "One network tried few common passwords against many accounts of the organisation within an hour, and this account accepted one of them. Legacy protocols that know no second factor were tried first.";
        "1. Reset the password of the account named here.\n2. Block legacy authentication.\n3. Add the network to a blocked location.";
        [User, CloudLogonRequest, Ip], None, None;

    IMPOSSIBLE_TRAVEL = CLOUD_APPS, "cloudAppSecurity", Low, "InitialAccess" ["T1078"];
        "Impossible travel activity";
        "Two activities of the same account come from places that are further apart than a person can travel in the time between them. Known company networks and common gateways were left out of the comparison.";
        "1. Ask whether a private relay or a remote desktop explains the second place.\n2. Otherwise treat the account as compromised.";
        [User, Ip, CloudApplication, CloudLogonSession], None, None;

    INBOX_RULE = CLOUD_APPS, "cloudAppSecurity", Medium, "DefenseEvasion" ["T1564.008", "T1114.003"];
        "Suspicious inbox manipulation rule";
        "A rule was created that moves messages with words such as invoice, remittance or password to a folder that nobody reads, and marks them as read. It was made in a session from an address that the mailbox had never been opened from.";
        "1. Remove the rule and keep a copy of it for the case.\n2. Restore the hidden messages and read what was answered in the user's name.\n3. Warn partners who received payment instructions from this mailbox.";
        [MailboxConfiguration, User, Ip, CloudApplication], None, None;

    PASS_THE_TICKET = IDENTITY, "microsoftDefenderForIdentity", High, "LateralMovement" ["T1550.003", "T1021.002"];
        "Suspected identity theft (pass-the-ticket)";
        "A Kerberos ticket that was issued to one computer was presented by another. The account then opened administrative shares of a file server that it had not used in the past thirty days.";
        "1. Isolate both computers.\n2. Reset the account's password twice, so that old tickets fail.\n3. Look for services and tasks created on the server since.\n4. Review who may log on to workstations with administrative accounts.";
        [HostLogonSession, User, Device, Ip, SecurityGroup], Remote, None;

    DIRECTORY_SYNC = IDENTITY, "microsoftDefenderForIdentity", High, "CredentialAccess" ["T1003.006"];
        "Suspected DCSync attack (replication of directory services)";
        "A computer that is no domain controller asked for the replication of account secrets. The account that asked holds the right through a group membership that was added today.";
        "1. Remove the replication right.\n2. Treat all secrets of the domain as known to the attacker.\n3. Plan the double reset of the krbtgt account.";
        [User, ActiveDirectoryDomain, Device, SecurityGroup, Process], Dump, None;

    RECONNAISSANCE = IDENTITY, "microsoftDefenderForIdentity", Medium, "Discovery" ["T1087.002", "T1018"];
        "Account enumeration and network-mapping reconnaissance (DNS)";
        "A workstation asked the domain's name server for a transfer of the zone and for thousands of account names in alphabetical order.";
        "1. Find the process that asked.\n2. Restrict zone transfers to the name servers.\n3. Check the group memberships that changed afterwards.";
        [Dns, Device, ActiveDirectoryDomain, SecurityGroup, NetworkConnection], None, None;
}
