"""The development host: what the Azure Functions host does, on one machine, around Microsoft's own Python library.

One process. `azure_functions_runtime` indexes, loads and calls the functions of `function_app.py`; this package fires
timers, polls queues and answers HTTP, as the Functions host would. Start it with `python -m local.host`.

What of `host.json` it honours (`config.py` is the table's other half; every other key stops the host with one line)::

    version                                 must be "2.0"
    functionTimeout                         default "00:30:00"; what takes longer is cancelled and fails; "-1": no limit
    extensions.http.routePrefix             default "api"; "" puts routes at the root
    extensions.queues.batchSize             default 16, at most 32
    extensions.queues.newBatchThreshold     default half of batchSize
    extensions.queues.maxDequeueCount       default 5; then the message goes to `<queue>-poison`
    extensions.queues.visibilityTimeout     default "00:00:00"; how long a failed message stays invisible
    extensions.queues.maxPollingInterval    default "00:01:00"; an idle queue is asked between 100 ms and this
    extensions.queues.messageEncoding       "base64" (default) or "none"
    logging, extensionBundle, telemetryMode accepted, without effect on this machine

A storage account is opened by a connection string, or by `NAME__queueServiceUri` and `NAME__blobServiceUri` with a managed
identity (`NAME__clientId`), as in Azure.

Where it differs from Azure, because one process on one machine needs no more: timers take no lease against other
instances; a time-out cancels the invocation where Azure restarts the worker; times are UTC; bindings other than
timerTrigger, queueTrigger and httpTrigger (with its http output) are refused.
"""
