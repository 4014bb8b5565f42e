//! Detections on cloud resources, containers and devices of the plant.

use super::{CLOUD, Severity, Template};
use crate::evidence::Kind::{
    AmazonResource, AzureResource, Blob, BlobContainer, Container, ContainerImage, ContainerRegistry,
    GoogleCloudResource, IoTDevice, Ip, KubernetesCluster, KubernetesController, KubernetesNamespace, KubernetesPod,
    KubernetesSecret, KubernetesService, KubernetesServiceAccount, NetworkConnection, Nic, Process, SasToken,
    ServicePrincipal, User,
};
use crate::files::Tool;

templates! {
    STORAGE_TOKEN = CLOUD, "+microsoftDefenderForStorage", Medium, "Exfiltration" ["T1530"];
        "Unusual SAS token was used to access an Azure storage account from a public IP address";
        "A shared access signature with broad rights and a long life was used from an address outside the company. All blobs of a container were listed and read.";
        "1. Rotate the key that signed the token.\n2. Restrict the account to private networks.\n3. Issue short tokens bound to an identity.";
        [Blob, SasToken, BlobContainer, AzureResource, Ip], None, None;

    STORAGE_MALWARE = CLOUD, "+microsoftDefenderForStorage", High, "LateralMovement" ["T1105"];
        "Malicious blob uploaded to storage account";
        "Scanning on upload found malware in a blob that an internal application distributes to its clients.";
        "1. Delete the blob and stop the distribution.\n2. Find out which identity uploaded it.";
        [BlobContainer, Blob, AzureResource, ServicePrincipal, Ip], None, Some("LedgerLoad");

    CLUSTER_PRIVILEGED = CLOUD, "+microsoftDefenderForContainers", Medium, "PrivilegeEscalation" ["T1610", "T1611"];
        "Privileged container started from an unknown image";
        "A pod runs a privileged container from a registry that the cluster has not used before and mounts the host's root folder.";
        "1. Delete the pod and its controller.\n2. Enforce a policy against privileged pods.\n3. Treat the node as compromised.";
        [KubernetesPod, Container, ContainerImage, KubernetesController, ContainerRegistry, KubernetesCluster], None, None;

    CLUSTER_SECRETS = CLOUD, "+microsoftDefenderForContainers", Medium, "CredentialAccess" ["T1552.007"];
        "Anomalous access to Kubernetes secrets";
        "A service account read secrets of namespaces it does not belong to, through a service that is reachable from outside.";
        "1. Rotate the secrets.\n2. Cut the rights of the service account.\n3. Take the service off the internet.";
        [KubernetesSecret, KubernetesServiceAccount, KubernetesNamespace, KubernetesService, KubernetesCluster], None, None;

    AMAZON_KEYS = CLOUD, "+microsoftDefenderForServers", Medium, "InitialAccess" ["T1078.004", "T1552.005"];
        "AWS access key used from an anonymising network";
        "Keys of a machine role were used outside the cloud network, to list buckets and users.";
        "1. Revoke the role's sessions.\n2. Require the second version of the metadata service.";
        [AmazonResource, Ip, User], None, None;

    GOOGLE_FIREWALL = CLOUD, "+microsoftDefenderForNetwork", Low, "DefenseEvasion" ["T1562.007"];
        "Firewall rule opens a GCP instance to the internet";
        "A rule was added that allows every address to reach the remote desktop port of an instance.";
        "1. Remove the rule.\n2. Check the sign-ins on the instance since.";
        [GoogleCloudResource, User, Ip], None, None;

    PLANT_PROGRAMMING = CLOUD, "+microsoftDefenderForIoT", High, "Impact" ["T0843"];
        "Unauthorised PLC programming";
        "A device that is not on the list of engineering stations wrote a new program to a controller of the packaging line.";
        "1. Ask the plant whether maintenance was planned.\n2. Compare the program with the last approved one.\n3. Separate the device from the control network.";
        [IoTDevice, Nic, NetworkConnection, Ip], None, None;

    MANAGEMENT_OPERATION = CLOUD, "+microsoftDefenderForResourceManager", Low, "Execution" ["T1651"];
        "Suspicious invocation of a high-risk resource manager operation";
        "A command was run on a virtual machine through the management interface by an identity that has never done so.";
        "1. Read the command in the machine's log.\n2. Ask the owner of the identity.";
        [AzureResource, ServicePrincipal, Ip, Process], Shell, None;
}
