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

@description('Required. Object id of the managed identity that signs for the registration.')
param identityPrincipalId string

@description('Required. How mailboxes are opened.')
param mailboxAccess mailboxAccessMode

@description('Required. Ask for the right to send mail too, where access is for the whole tenant.')
param sendMail bool

@description('Required. Administrators of other tenants may connect their mailboxes.')
param multiTenant bool

var graphAppId = '00000003-0000-0000-c000-000000000000'

var mailPermissions = mailboxAccess == 'tenantWide'
  ? (sendMail ? ['Mail.ReadWrite', 'Mail.Send'] : ['Mail.ReadWrite'])
  : []

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: graphAppId
}

var signInScopes = map(
  filter(graph.oauth2PermissionScopes, scope => contains(['openid', 'profile'], scope.value)),
  scope => {
    id: scope.id
    type: 'Scope'
  }
)

var mailRoles = map(filter(graph.appRoles, role => contains(mailPermissions, role.value)), role => {
  id: role.id
  type: 'Role'
})

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: uniqueName
  displayName: displayName
  signInAudience: multiTenant ? 'AzureADMultipleOrgs' : 'AzureADMyOrg'
  appRoles: loadJsonContent('app-roles.json')
  web: {
    homePageUrl: 'https://${hostName}/'
    redirectUris: [
      'https://${hostName}/sign-in/callback'
      'https://${hostName}/consent/callback'
    ]
    implicitGrantSettings: {
      enableAccessTokenIssuance: false
      enableIdTokenIssuance: false
    }
  }
  requiredResourceAccess: [
    {
      resourceAppId: graphAppId
      resourceAccess: concat(signInScopes, mailRoles)
    }
  ]
}

resource trust 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {
  name: '${application.uniqueName}/managed-identity'
  description: 'The managed identity of the function app signs for this registration.'
  issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
  subject: identityPrincipalId
  audiences: [
    'api://AzureADTokenExchange'
  ]
}

resource servicePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
  appRoleAssignmentRequired: true
}

@description('Client id of the registration.')
output clientId string = application.appId

@description('Object id of the service principal (the enterprise application).')
output servicePrincipalId string = servicePrincipal.id
