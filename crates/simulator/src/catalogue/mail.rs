//! Detections in mail and Teams.

use super::{OFFICE, Severity, Template};
use crate::evidence::Kind::{AnalyzedMessage, File, Ip, MailCluster, Mailbox, SubmissionMail, TeamsMessage, Url, User};
use crate::files::Tool;

templates! {
    PHISH_DELIVERED = OFFICE, "microsoftDefenderForOffice365", Informational, "InitialAccess" ["T1566.002"];
        "Email messages containing malicious URL removed after delivery";
        "Messages with a link that was weaponised after delivery were found in mailboxes of the organisation and moved to quarantine. The link leads to a copy of the company's sign-in page on a domain that was registered three days ago. Recipients may have followed it before the messages were removed, so the sign-ins that came after delivery are worth a look.";
        "1. Check whether a recipient opened the link before removal: compare click times with delivery times.\n2. Reset the password and revoke the sessions of everyone who entered credentials.\n3. Search for further messages of the same sender, subject and link and soft-delete them.\n4. Block the domain and the sender address for the tenant.\n5. Tell the recipients what the message looked like, so that they report the next one.";
        [AnalyzedMessage, MailCluster, Mailbox, Url, User, Ip], None, None;

    PHISH_ATTACHMENT = OFFICE, "microsoftDefenderForOffice365", Informational, "InitialAccess" ["T1566.001"];
        "Email messages containing malicious file removed after delivery";
        "Messages that carry a macro-enabled document were delivered and removed later, when detonation showed that the macro starts a script interpreter. The document pretends to be a remittance advice and asks the reader to enable editing.";
        "1. Find out who opened the attachment before removal.\n2. On their machines look for children of the office program that opened it.\n3. Submit the file if its verdict is still open, and block its hash.\n4. Remove remaining copies from shared folders and chats.";
        [AnalyzedMessage, Mailbox, File, MailCluster, User], None, Some("DocuLoad");

    URL_CLICK = OFFICE, "microsoftDefenderForOffice365", High, "InitialAccess" ["T1566.002", "T1204.001"];
        "A potentially malicious URL click was detected";
        "A person followed a link in a message whose verdict changed to malicious within the last 48 hours, or went on past the warning page. The page behind the link asks for the company's credentials and passes them to the real sign-in service in the background, which also hands the session cookie to whoever runs it.";
        "1. Ask the user what was entered on the page.\n2. Revoke all sessions and reset the password; a changed password alone leaves a stolen session cookie usable.\n3. Review sign-ins of the account since the click, above all from unknown networks.\n4. Review inbox rules, forwarding addresses and registered authentication methods.\n5. Block the link for the tenant.";
        [Url, User, Mailbox, AnalyzedMessage, Ip], None, None;

    USER_REPORTED = OFFICE, "manual", Low, "InitialAccess" ["T1566"];
        "Email reported by user as malware or phish";
        "A user pressed the report button on a message. An automatic investigation compares it with known campaigns and clusters similar messages by sender, subject and body fingerprint.";
        "1. Look at the verdict of the submission.\n2. If it is malicious, remove the cluster of similar messages.\n3. Thank the reporter: feedback keeps people reporting.";
        [SubmissionMail, Mailbox, User, Url, MailCluster], None, None;

    TEAMS_LURE = OFFICE, "microsoftDefenderForOffice365", Medium, "InitialAccess" ["T1566.003"];
        "Malicious URL in Teams message";
        "An account of another organisation opened a chat, introduced itself as the help desk and sent a link to a remote support tool. The link's host served credential pages in the past week. The message was removed from the chat.";
        "1. Ask the recipients whether they joined a support session.\n2. Restrict chats from unmanaged organisations to an allow list.\n3. Check their devices for newly installed remote support tools.";
        [TeamsMessage, User, Url, Ip], None, None;
}
