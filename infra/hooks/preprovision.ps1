# Before `azd provision`: finds what would fail half way, and says what will be asked. Changes nothing in Azure.
$ErrorActionPreference = 'Stop'

function Stop-Deployment([string]$Problem, [string]$Remedy) {
    [Console]::Error.WriteLine("Postrum: $Problem")
    [Console]::Error.WriteLine("  What to do: $Remedy")
    exit 1
}

azd auth login --check-status *> $null
if ($LASTEXITCODE -ne 0) { Stop-Deployment 'azd is not signed in.' 'azd auth login' }

if ("$env:AZURE_ENV_NAME" -notmatch '^[a-zA-Z0-9]([a-zA-Z0-9-]{0,58}[a-zA-Z0-9])?$') {
    Stop-Deployment "the environment name '$env:AZURE_ENV_NAME' has other characters than letters, digits and inner hyphens, or more than 60." 'azd env new NAME'
}

$days = if ($env:POSTRUM_ARCHIVE_IMMUTABILITY_DAYS) { $env:POSTRUM_ARCHIVE_IMMUTABILITY_DAYS } else { '0' }
if ($days -ne '0' -and $env:POSTRUM_ALLOW_ERASURE -ne 'false') {
    Stop-Deployment 'an archive that nobody can delete from excludes erasure.' 'azd env set POSTRUM_ALLOW_ERASURE false, or azd env set POSTRUM_ARCHIVE_IMMUTABILITY_DAYS 0'
}

if ($env:POSTRUM_PUBLIC_URL -and $env:POSTRUM_PUBLIC_URL -notmatch '^https://') {
    Stop-Deployment "the address '$env:POSTRUM_PUBLIC_URL' does not begin with https://." 'azd env set POSTRUM_PUBLIC_URL https://HOST'
}
if ($env:POSTRUM_PUBLIC_URL -and $env:POSTRUM_PUBLIC_URL -notmatch '^https://[a-zA-Z0-9.:-]+$') {
    Stop-Deployment "the address '$env:POSTRUM_PUBLIC_URL' has more than a host name." 'azd env set POSTRUM_PUBLIC_URL https://HOST'
}

$signedIn = $false
if (Get-Command az -ErrorAction SilentlyContinue) {
    az account show *> $null
    $signedIn = $LASTEXITCODE -eq 0
}
if ($signedIn) {
    if ($env:AZURE_LOCATION) {
        $regions = az functionapp list-flexconsumption-locations --query '[].name' --output tsv 2> $null
        $names = @($regions | ForEach-Object { $_.Replace(' ', '').ToLowerInvariant() })
        if ($LASTEXITCODE -eq 0 -and $names -notcontains $env:AZURE_LOCATION) {
            Stop-Deployment "the region '$env:AZURE_LOCATION' does not offer Flex Consumption." 'azd env set AZURE_LOCATION REGION'
        }
    }
    if ($env:POSTRUM_VIRTUAL_NETWORK -eq 'true') {
        $state = az provider show --namespace Microsoft.App --query registrationState --output tsv 2> $null
        if ($state -ne 'Registered') {
            Stop-Deployment 'a virtual network needs the resource provider Microsoft.App, which is not registered.' 'az provider register --namespace Microsoft.App --wait'
        }
    }
}
else {
    Write-Host 'Postrum: the Azure CLI is missing or not signed in, so the region is not checked.'
}

# Azure does not let the start of a budget change, so it is set once.
if (-not $env:POSTRUM_BUDGET_START) {
    $month = (Get-Date).ToUniversalTime().ToString('yyyy-MM-01')
    azd env set POSTRUM_BUDGET_START $month
}

Write-Host 'Postrum: azd asks for a subscription and a region, nothing else. No secret is created.'
Write-Host '  Needed in Azure: Owner of the subscription (or Contributor with Role Based Access Control Administrator).'
if ($env:POSTRUM_DIRECTORY_ACCESS -ne 'false') {
    Write-Host '  Needed in Entra: Application Administrator and Cloud Application Administrator do for the registration; assigning'
    Write-Host '  permissions of Microsoft Graph (POSTRUM_MAILBOX_ACCESS tenantWide) takes Privileged Role Administrator.'
    Write-Host '  You have neither? azd env set POSTRUM_DIRECTORY_ACCESS false, and somebody who has runs a script afterwards.'
}
else {
    Write-Host '  Entra is left out: a command for somebody with rights there is printed at the end.'
}
