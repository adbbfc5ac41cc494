#Requires -Version 5.1
<#
.SYNOPSIS
Says which mailboxes Postrum may open, and proves that it may open no other.

.DESCRIPTION
Exchange calls this RBAC for Applications: the service principal of the app registration gets application roles over a
management scope. Entra then needs no mail permission at all; one that is granted there opens every mailbox, whatever is said here.

Can be run again: what is there is set to what is asked for. -WhatIf shows what would be done. -Remove takes it all back.
A change takes 30 minutes to two hours to reach Microsoft Graph; the test at the end does not wait for that.

Run Connect-ExchangeOnline before, as a member of Organization Management. The cmdlets that are used:
https://learn.microsoft.com/powershell/module/exchangepowershell/new-serviceprincipal
https://learn.microsoft.com/powershell/module/exchangepowershell/new-managementscope
https://learn.microsoft.com/powershell/module/exchangepowershell/set-managementscope
https://learn.microsoft.com/powershell/module/exchangepowershell/new-managementroleassignment
https://learn.microsoft.com/powershell/module/exchangepowershell/test-serviceprincipalauthorization
https://learn.microsoft.com/powershell/module/exchangepowershell/add-mailboxpermission
https://learn.microsoft.com/exchange/permissions-exo/application-rbac

.PARAMETER AppId
Client id of the app registration: POSTRUM_APP_CLIENT_ID.

.PARAMETER ServicePrincipalObjectId
Object id of the enterprise application, not of the app registration: POSTRUM_SERVICE_PRINCIPAL_ID.

.PARAMETER Mailboxes
Addresses of the mailboxes. For more than about a hundred, use a group.

.PARAMETER GroupDn
Distinguished name of a mail-enabled group; its direct members are the mailboxes.

.PARAMETER Label
Keeps this scope and its roles apart from others of the same app: one for each company. Lower case letters, digits and dashes.

.PARAMETER OutsideMailbox
Address of a mailbox that must stay closed, for the test. Without it one is picked.

.PARAMETER Send
The app may send mail from these mailboxes too.

.PARAMETER ForImap
The app may open these mailboxes by IMAP too. Needs POSTRUM_IMAP_ACCESS in the deployment.

.PARAMETER Remove
Takes back everything. Name the mailboxes too where -ForImap was used.

.EXAMPLE
./Set-PostrumMailboxAccess.ps1 -AppId 876b6e15-6d20-5e54-8959-927c82e86431 -ServicePrincipalObjectId 603440c3-3848-58e2-9fdc-deb088f3b5d0 -Mailboxes invoices@example.com, orders@example.com -WhatIf

.EXAMPLE
./Set-PostrumMailboxAccess.ps1 -AppId 876b6e15-6d20-5e54-8959-927c82e86431 -ServicePrincipalObjectId 603440c3-3848-58e2-9fdc-deb088f3b5d0 -GroupDn (Get-DistributionGroup "Mail room").DistinguishedName

.EXAMPLE
./Set-PostrumMailboxAccess.ps1 -AppId 876b6e15-6d20-5e54-8959-927c82e86431 -ServicePrincipalObjectId 603440c3-3848-58e2-9fdc-deb088f3b5d0 -Remove
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
param(
    [Parameter(Mandatory)][guid]$AppId,
    [Parameter(Mandatory)][guid]$ServicePrincipalObjectId,
    [string[]]$Mailboxes = @(),
    [string]$GroupDn = '',
    [ValidatePattern('^[a-z0-9-]{0,20}$')][string]$Label = '',
    [string]$OutsideMailbox = '',
    [switch]$Send,
    [switch]$ForImap,
    [switch]$Remove
)
$ErrorActionPreference = 'Stop'

$principal = $ServicePrincipalObjectId.ToString()
$suffix = "$($AppId.ToString().Substring(0, 8)) $Label".Trim()
$scopeName = "Postrum mailboxes $suffix"
$readRole = 'Application Mail.ReadWrite'
$sendRole = 'Application Mail.Send'

# A Get- cmdlet of Exchange answers with everything where a name does not exist, so what it gives is always filtered.
function Get-Assignment([string]$Role) {
    Get-ManagementRoleAssignment -Role $Role -ErrorAction SilentlyContinue | Where-Object { $_.Name -eq "Postrum $Role $suffix" }
}

function Get-Scope {
    Get-ManagementScope -ErrorAction SilentlyContinue | Where-Object { $_.Name -eq $scopeName }
}

function Get-Addresses {
    if ($GroupDn) { return @(Get-DistributionGroupMember -Identity $GroupDn -ResultSize Unlimited | ForEach-Object { $_.PrimarySmtpAddress.ToString() }) }
    return $Mailboxes
}

# Whether the app has roles under another label, for which Exchange still has to know it.
function Test-OtherUse {
    $names = @($readRole, $sendRole) | ForEach-Object { Get-ManagementRoleAssignment -Role $_ -ErrorAction SilentlyContinue } | ForEach-Object { $_.Name }
    $ours = @("Postrum $readRole $suffix", "Postrum $sendRole $suffix")
    return @($names | Where-Object { $_ -like "Postrum * $($AppId.ToString().Substring(0, 8))*" -and $ours -notcontains $_ }).Count -gt 0
}

function Remove-Access {
    foreach ($role in @($readRole, $sendRole)) {
        foreach ($assignment in @(Get-Assignment $role)) {
            if ($PSCmdlet.ShouldProcess($assignment.Name, 'Remove role assignment')) {
                Remove-ManagementRoleAssignment -Identity $assignment.Name -Confirm:$false
            }
        }
    }
    if ((Get-Scope) -and $PSCmdlet.ShouldProcess($scopeName, 'Remove management scope')) {
        Remove-ManagementScope -Identity $scopeName -Confirm:$false
    }
    foreach ($mailbox in @(Get-Addresses)) {
        $granted = Get-MailboxPermission -Identity $mailbox -User $principal -ErrorAction SilentlyContinue
        if ($granted -and $PSCmdlet.ShouldProcess($mailbox, 'Remove mailbox permission')) {
            Remove-MailboxPermission -Identity $mailbox -User $principal -AccessRights FullAccess -Confirm:$false
        }
    }
    $known = Get-ServicePrincipal | Where-Object { $_.AppId -eq $AppId.ToString() }
    if ($known -and -not (Test-OtherUse) -and $PSCmdlet.ShouldProcess($principal, 'Remove service principal from Exchange')) {
        Remove-ServicePrincipal -Identity $principal -Confirm:$false
    }
}

function Get-Filter {
    if ($GroupDn) { return "MemberOfGroup -eq '$($GroupDn.Replace("'", "''"))'" }
    # By the id of the mailbox: an address can move to another mailbox, the id cannot.
    $ids = @($Mailboxes | ForEach-Object { (Get-Mailbox -Identity $_).ExternalDirectoryObjectId })
    if (@($ids | Where-Object { $_ }).Count -ne $Mailboxes.Count) { throw 'A mailbox has no ExternalDirectoryObjectId. Use a group.' }
    return (@($ids | ForEach-Object { "(ExternalDirectoryObjectId -eq '$_')" }) -join ' -or ')
}

function Set-Principal {
    $known = Get-ServicePrincipal | Where-Object { $_.AppId -eq $AppId.ToString() }
    if ($known -and $known.ObjectId -ne $principal) {
        throw "Exchange knows this app with the object id $($known.ObjectId). Use the object id of the enterprise application, or run this with -Remove and that id first."
    }
    if (-not $known -and $PSCmdlet.ShouldProcess($principal, 'Make the service principal known to Exchange')) {
        New-ServicePrincipal -AppId $AppId -ObjectId $principal -DisplayName "Postrum $suffix" | Out-Null
    }
}

function Set-Scope([string]$Filter) {
    $scope = Get-Scope
    if (-not $scope -and $PSCmdlet.ShouldProcess($scopeName, "Create management scope: $Filter")) {
        New-ManagementScope -Name $scopeName -RecipientRestrictionFilter $Filter | Out-Null
    }
    if ($scope -and $PSCmdlet.ShouldProcess($scopeName, "Set filter of management scope: $Filter")) {
        Set-ManagementScope -Identity $scopeName -RecipientRestrictionFilter $Filter
    }
}

function Set-Roles {
    $roles = @($readRole)
    if ($Send) { $roles += $sendRole }
    foreach ($role in $roles) {
        if (-not (Get-Assignment $role) -and $PSCmdlet.ShouldProcess($principal, "Assign $role over $scopeName")) {
            New-ManagementRoleAssignment -Name "Postrum $role $suffix" -App $principal -Role $role -CustomResourceScope $scopeName | Out-Null
        }
    }
    if (-not $Send) {
        foreach ($assignment in @(Get-Assignment $sendRole)) {
            if ($PSCmdlet.ShouldProcess($assignment.Name, 'Remove role assignment')) {
                Remove-ManagementRoleAssignment -Identity $assignment.Name -Confirm:$false
            }
        }
    }
}

function Set-ImapPermission {
    foreach ($mailbox in @(Get-Addresses)) {
        $granted = Get-MailboxPermission -Identity $mailbox -User $principal -ErrorAction SilentlyContinue
        if (-not $granted -and $PSCmdlet.ShouldProcess($mailbox, 'Add mailbox permission for IMAP')) {
            Add-MailboxPermission -Identity $mailbox -User $principal -AccessRights FullAccess -AutoMapping $false | Out-Null
        }
    }
}

function Test-Mailbox([string]$Mailbox, [bool]$Expected) {
    # Scopes under other labels are another company's matter: what they open is neither missing here nor too much.
    $lines = @(Test-ServicePrincipalAuthorization -Identity $principal -Resource $Mailbox |
        Where-Object { "$($_.AllowedResourceScope)" -eq $scopeName -or "$($_.AllowedResourceScope)" -notlike 'Postrum mailboxes *' })
    $open = @($lines | Where-Object { "$($_.InScope)" -eq 'True' })
    $right = if ($Expected) { $lines.Count -gt 0 -and $open.Count -eq $lines.Count } else { $open.Count -eq 0 }
    $mark = if ($right) { 'ok  ' } else { 'FAIL' }
    $state = if ($open.Count) { 'open to Postrum' } else { 'closed to Postrum' }
    Write-Host "$mark  $Mailbox is $state"
    return $right
}

if ($Remove) {
    Remove-Access
    return
}
if (-not $Mailboxes -and -not $GroupDn) { throw 'Name the mailboxes (-Mailboxes), or a group (-GroupDn).' }
if ($Mailboxes -and $GroupDn) { throw 'Give -Mailboxes or -GroupDn, not both.' }

Set-Principal
Set-Scope (Get-Filter)
Set-Roles
if ($ForImap) { Set-ImapPermission }
if ($WhatIfPreference) { return }

$inside = @(Get-Addresses)
if (-not $OutsideMailbox) {
    $OutsideMailbox = Get-Mailbox -ResultSize 500 -WarningAction SilentlyContinue |
        ForEach-Object { $_.PrimarySmtpAddress.ToString() } | Where-Object { $inside -notcontains $_ } | Select-Object -First 1
}
$results = @($inside | ForEach-Object { Test-Mailbox $_ $true })
if ($OutsideMailbox) { $results += Test-Mailbox $OutsideMailbox $false }
else { Write-Warning 'No mailbox outside the scope was found, so nothing shows that others stay closed. Name one with -OutsideMailbox.' }
if ($results -contains $false) {
    throw 'The access is not what was asked for. A mailbox that should be closed and is open: look for a second assignment (Test-ServicePrincipalAuthorization) and for mail permissions in Entra.'
}
