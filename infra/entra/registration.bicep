metadata description = 'The app registration, its service principal, and the trust in the managed identity that takes the place of a secret.'

extension microsoftGraphV1

import { mailboxAccessMode } from '../app/types.bicep'

@description('Required. Name that finds the registration again. Cannot be changed, and stays taken while a deleted registration can be restored.')
@minLength(3)
@maxLength(100)
param uniqueName string

@description('Required. Name that people see.')
@minLength(3)
@maxLength(120)
param displayName string

@description('Required. Host name of the function app.')
param hostName string

@description('Required. Address at which people reach the console; empty: the one with that host name.')
param publicUrl string

@description('Required. Object id of the managed identity that signs for the registration.')
param identityPrincipalId string

@description('Required. How mailboxes are opened.')
param mailboxAccess mailboxAccessMode

@description('Required. Ask for the right to send mail too, where access is for the whole tenant.')
param sendMail bool

@description('Required. Accounts without a role in the console may sign in for a mailbox.')
param mailboxSignIn bool

@description('Required. Administrators of other tenants may connect their mailboxes.')
param multiTenant bool

var graphAppId = '00000003-0000-0000-c000-000000000000'
var exchangeAppId = '00000002-0000-0ff1-ce00-000000000000'
var azureCliAppId = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'

@description('IMAP.AccessAsUser.All. Written down, because a tenant without mailboxes has no service principal of Exchange that could be asked.')
var imapScopeId = '652390e4-393a-48de-9484-05f9b1212954'

@description('Where Entra sends people back to: shared/identity and shared/setup have the same paths.')
var callbacks = [
  '/sign-in/callback'
  '/consent/callback'
  '/connect/callback'
]
var addresses = union(['https://${hostName}'], empty(publicUrl) ? [] : [publicUrl])

var mailPermissions = mailboxAccess == 'tenantWide'
  ? (sendMail ? ['Mail.ReadWrite', 'Mail.Send'] : ['Mail.ReadWrite'])
  : []

@description('Permissions in the name of somebody who signs in. Declared: each account, or an administrator for it, still has to agree.')
var delegatedPermissions = mailboxSignIn
  ? ['openid', 'profile', 'offline_access', 'Mail.ReadWrite.Shared']
  : ['openid', 'profile']

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: graphAppId
}

var graphScopes = map(
  filter(graph.oauth2PermissionScopes, scope => contains(delegatedPermissions, scope.value)),
  scope => {
    id: scope.id
    type: 'Scope'
  }
)

var mailRoles = map(filter(graph.appRoles, role => contains(mailPermissions, role.value)), role => {
  id: role.id
  type: 'Role'
})

var graphAccess = [
  {
    resourceAppId: graphAppId
    resourceAccess: concat(graphScopes, mailRoles)
  }
]

var imapAccess = [
  {
    resourceAppId: exchangeAppId
    resourceAccess: [
      {
        id: imapScopeId
        type: 'Scope'
      }
    ]
  }
]

var apiScopes = loadJsonContent('api-scopes.json')

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: displayName
  signInAudience: multiTenant ? 'AzureADMultipleOrgs' : 'AzureADMyOrg'
  appRoles: loadJsonContent('app-roles.json')
  web: {
    homePageUrl: empty(publicUrl) ? 'https://${hostName}/' : '${publicUrl}/'
    redirectUris: flatten(map(addresses, address => map(callbacks, path => '${address}${path}')))
    implicitGrantSettings: {
      enableAccessTokenIssuance: false
      enableIdTokenIssuance: false
    }
  }
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: apiScopes
  }
  requiredResourceAccess: mailboxSignIn ? concat(graphAccess, imapAccess) : graphAccess
}

@description('The same registration once more, for what is named by the id that it has only now: nothing can name itself. What is left out here stays as it is.')
resource exposed 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: displayName
  identifierUris: [
    'api://${application.appId}'
  ]
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: apiScopes
    preAuthorizedApplications: [
      {
        appId: azureCliAppId
        delegatedPermissionIds: map(apiScopes, scope => scope.id)
      }
    ]
  }
}

resource trust 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {
  name: '${exposed.uniqueName}/managed-identity'
  description: 'The managed identity of the function app signs for this registration.'
  issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
  subject: identityPrincipalId
  audiences: [
    'api://AzureADTokenExchange'
  ]
}

resource servicePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: exposed.appId
  appRoleAssignmentRequired: !mailboxSignIn
}

@description('Client id of the registration.')
output clientId string = exposed.appId

@description('Object id of the service principal (the enterprise application).')
output servicePrincipalId string = servicePrincipal.id
