//! Detections on cloud resources, containers and devices of the plant.

use super::{CLOUD, Severity, Template};
use crate::evidence::Kind::{
    AmazonResource, AzureResource, Blob, BlobContainer, Container, ContainerImage, ContainerRegistry,
    GoogleCloudResource, IoTDevice, Ip, KubernetesCluster, KubernetesController, KubernetesNamespace, KubernetesPod,
    KubernetesSecret, KubernetesService, KubernetesServiceAccount, NetworkConnection, Nic, Process, SasToken,
    ServicePrincipal, User,
};
use crate::files::Tool;

pub(super) static STORAGE_TOKEN: Template = Template {
    title: "Unusual SAS token was used to access an Azure storage account from a public IP address",
    service: &CLOUD,
    detection: "+microsoftDefenderForStorage",
    category: "Exfiltration",
    techniques: &["T1530"],
    severity: Severity::Medium,
    description: "A shared access signature with broad rights and a long life was used from an address outside the company. All blobs of a container were listed and read.",
    advice: "1. Rotate the key that signed the token.\n2. Restrict the account to private networks.\n3. Issue short tokens bound to an identity.",
    evidence: &[Blob, SasToken, BlobContainer, AzureResource, Ip],
    tool: Tool::None,
    family: None,
};

pub(super) static STORAGE_MALWARE: Template = Template {
    title: "Malicious blob uploaded to storage account",
    service: &CLOUD,
    detection: "+microsoftDefenderForStorage",
    category: "LateralMovement",
    techniques: &["T1105"],
    severity: Severity::High,
    description: "Scanning on upload found malware in a blob that an internal application distributes to its clients.",
    advice: "1. Delete the blob and stop the distribution.\n2. Find out which identity uploaded it.",
    evidence: &[BlobContainer, Blob, AzureResource, ServicePrincipal, Ip],
    tool: Tool::None,
    family: Some("LedgerLoad"),
};

pub(super) static CLUSTER_PRIVILEGED: Template = Template {
    title: "Privileged container started from an unknown image",
    service: &CLOUD,
    detection: "+microsoftDefenderForContainers",
    category: "PrivilegeEscalation",
    techniques: &["T1610", "T1611"],
    severity: Severity::Medium,
    description: "A pod runs a privileged container from a registry that the cluster has not used before and mounts the host's root folder.",
    advice: "1. Delete the pod and its controller.\n2. Enforce a policy against privileged pods.\n3. Treat the node as compromised.",
    evidence: &[KubernetesPod, Container, ContainerImage, KubernetesController, ContainerRegistry, KubernetesCluster],
    tool: Tool::None,
    family: None,
};

pub(super) static CLUSTER_SECRETS: Template = Template {
    title: "Anomalous access to Kubernetes secrets",
    service: &CLOUD,
    detection: "+microsoftDefenderForContainers",
    category: "CredentialAccess",
    techniques: &["T1552.007"],
    severity: Severity::Medium,
    description: "A service account read secrets of namespaces it does not belong to, through a service that is reachable from outside.",
    advice: "1. Rotate the secrets.\n2. Cut the rights of the service account.\n3. Take the service off the internet.",
    evidence: &[KubernetesSecret, KubernetesServiceAccount, KubernetesNamespace, KubernetesService, KubernetesCluster],
    tool: Tool::None,
    family: None,
};

pub(super) static AMAZON_KEYS: Template = Template {
    title: "AWS access key used from an anonymising network",
    service: &CLOUD,
    detection: "+microsoftDefenderForServers",
    category: "InitialAccess",
    techniques: &["T1078.004", "T1552.005"],
    severity: Severity::Medium,
    description: "Keys of a machine role were used outside the cloud network, to list buckets and users.",
    advice: "1. Revoke the role's sessions.\n2. Require the second version of the metadata service.",
    evidence: &[AmazonResource, Ip, User],
    tool: Tool::None,
    family: None,
};

pub(super) static GOOGLE_FIREWALL: Template = Template {
    title: "Firewall rule opens a GCP instance to the internet",
    service: &CLOUD,
    detection: "+microsoftDefenderForNetwork",
    category: "DefenseEvasion",
    techniques: &["T1562.007"],
    severity: Severity::Low,
    description: "A rule was added that allows every address to reach the remote desktop port of an instance.",
    advice: "1. Remove the rule.\n2. Check the sign-ins on the instance since.",
    evidence: &[GoogleCloudResource, User, Ip],
    tool: Tool::None,
    family: None,
};

pub(super) static PLANT_PROGRAMMING: Template = Template {
    title: "Unauthorised PLC programming",
    service: &CLOUD,
    detection: "+microsoftDefenderForIoT",
    category: "Impact",
    techniques: &["T0843"],
    severity: Severity::High,
    description: "A device that is not on the list of engineering stations wrote a new program to a controller of the packaging line.",
    advice: "1. Ask the plant whether maintenance was planned.\n2. Compare the program with the last approved one.\n3. Separate the device from the control network.",
    evidence: &[IoTDevice, Nic, NetworkConnection, Ip],
    tool: Tool::None,
    family: None,
};

pub(super) static MANAGEMENT_OPERATION: Template = Template {
    title: "Suspicious invocation of a high-risk resource manager operation",
    service: &CLOUD,
    detection: "+microsoftDefenderForResourceManager",
    category: "Execution",
    techniques: &["T1651"],
    severity: Severity::Low,
    description: "A command was run on a virtual machine through the management interface by an identity that has never done so.",
    advice: "1. Read the command in the machine's log.\n2. Ask the owner of the identity.",
    evidence: &[AzureResource, ServicePrincipal, Ip, Process],
    tool: Tool::Shell,
    family: None,
};
