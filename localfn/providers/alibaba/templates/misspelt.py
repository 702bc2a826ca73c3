"""The keys that the dialects know, so that one that is almost such a key can be doubted."""

ROOT = frozenset(
    {
        *("edition", "name", "access", "vars", "resources", "services", "template", "extend"),
        *("flow", "flows", "env", "environments", "actions", "plugin", "plugins", "projects"),
    }
)
MODULE = frozenset(
    {"component", "props", "actions", "extend", "access", "region", "name", "source"}
)
_SHARED = frozenset(
    {
        *(
            "region",
            "description",
            "runtime",
            "handler",
            "memorySize",
            "cpu",
            "diskSize",
            "timeout",
        ),
        *("environmentVariables", "instanceConcurrency", "instanceLifecycleConfig", "layers"),
        *("role", "internetAccess", "vpcConfig", "nasConfig", "ossMountConfig", "logConfig"),
        *("customRuntimeConfig", "customContainerConfig", "customDNS", "gpuConfig", "tags"),
        *("tracingConfig", "asyncInvokeConfig", "resourceGroupId", "disableInjectCredentials"),
    }
)
FC3_PROPS = _SHARED | {
    *("functionName", "code", "triggers", "customDomain", "vpcBinding", "provisionConfig"),
    *("concurrencyConfig", "scalingConfig", "annotations", "idleTimeout", "disableOndemand"),
    *("sessionAffinity", "sessionAffinityConfig", "instanceIsolationMode", "enableLongLiving"),
    *("invocationRestriction", "aliases", "versions", "polarFsConfig", "functionConfig"),
}
FC_PROPS = frozenset({"region", "service", "function", "triggers", "customDomains", "alias"})
FC_SERVICE = _SHARED | {"name", "policies", "vpcBinding"}
FC_FUNCTION = _SHARED | {
    *("name", "codeUri", "code", "ossBucket", "ossKey", "caPort", "initializer"),
    *("initializationTimeout", "instanceSoftConcurrency", "instanceType", "asyncConfiguration"),
    *("customHealthCheckConfig", "codeVersion", "gpuMemorySize", "customDNS"),
}
FUN_SERVICE = frozenset(
    {
        *("Description", "Role", "Policies", "InternetAccess", "VpcConfig", "NasConfig"),
        *("LogConfig", "TracingConfig", "ResourceGroupId"),
    }
)
FUN_FUNCTION = frozenset(
    {
        *("Description", "Handler", "Initializer", "Runtime", "CodeUri", "MemorySize", "Timeout"),
        *("InitializationTimeout", "EnvironmentVariables", "InstanceConcurrency", "InstanceType"),
        *("AsyncConfiguration", "Layers", "CAPort", "CustomContainerConfig", "NasConfig"),
        *("InstanceLifecycleConfig", "FunctionName", "OssBucket", "OssKey", "LogConfig"),
    }
)
FUN_RESOURCE = frozenset({"Type", "Properties", "Events", "DependsOn", "Metadata", "Condition"})
LIFE = frozenset({"initializer", "preStop", "preFreeze"})
HOOK = frozenset({"handler", "timeout", "command"})
STARTED = frozenset(
    {
        *("command", "args", "entrypoint", "port", "healthCheckConfig", "image", "registryConfig"),
        *("accelerationType", "acrInstanceId", "instanceID", "webServerMode", "accelerationInfo"),
        *("resolvedImageUri", "role"),
    }
)
TRIGGER = frozenset(
    {
        *("triggerName", "triggerType", "triggerConfig", "qualifier", "sourceArn"),
        *("invocationRole", "description", "name", "type", "config", "role"),
    }
)
