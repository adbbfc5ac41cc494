metadata description = 'Alerts on what the app logs, and on cost. Without an e-mail address they show in the portal only.'

@description('Required. What the names of the alerts begin with.')
@minLength(1)
@maxLength(60)
param namePrefix string

@description('Required. Name of the action group.')
@minLength(1)
@maxLength(260)
param actionGroupName string

@description('Required. Name of the budget.')
@minLength(1)
@maxLength(63)
param budgetName string

@description('Required. Region.')
param location string

@description('Required. Tags of every resource.')
param tags object

@description('Required. Workspace that the app logs to.')
param workspaceId string

@description('Required. Address that alerts are sent to; empty: none.')
param email string

@description('Required. Minutes without a successful run after which there is an alert.')
@allowed([
  15
  30
  45
])
param silentMinutes int

@description('Required. Budget of a month, in the currency of the subscription; 0: no budget.')
@minValue(0)
param budgetAmount int

@description('Required. First day of the first month of the budget. Must stay as it was.')
param budgetStart string

var silence = 'PT${silentMinutes}M'

@description('Each query gives rows only when there is something to say.')
var rules = [
  {
    name: 'no-run'
    title: 'Postrum does nothing'
    text: 'The timer did not run without an error for ${silentMinutes} minutes. No mail is fetched.'
    severity: 1
    query: loadTextContent('queries/no-run.kql')
    window: silence
  }
  {
    name: 'mailbox'
    title: 'A mailbox cannot be read'
    text: 'A mailbox was tried and never worked for ${silentMinutes} minutes.'
    severity: 1
    query: loadTextContent('queries/mailbox.kql')
    window: silence
  }
  {
    name: 'poison'
    title: 'Something is parked for a person'
    text: 'A task failed too often, or is none that Postrum understands. It is parked: look at the status page.'
    severity: 2
    query: loadTextContent('queries/poison.kql')
    window: 'PT15M'
  }
  {
    name: 'deliveries'
    title: 'A subscriber gets no notifications'
    text: 'Every try of the last half hour failed, or the subscriber is not called any more.'
    severity: 2
    query: loadTextContent('queries/deliveries.kql')
    window: 'PT30M'
  }
  {
    name: 'defects'
    title: 'An error that nobody foresaw'
    text: 'A defect of Postrum, or of what it stands on. The traceback is in AppExceptions.'
    severity: 2
    query: loadTextContent('queries/defects.kql')
    window: 'PT15M'
  }
]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'Postrum'
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${namePrefix}${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: rule.text
      severity: rule.severity
      enabled: true
      autoMitigate: true
      skipQueryValidation: true
      scopes: [
        workspaceId
      ]
      evaluationFrequency: 'PT15M'
      windowSize: rule.window
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: empty(email) ? [] : [actionGroup.id]
      }
    }
  }
]

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = if (budgetAmount > 0 && !empty(email)) {
  name: budgetName
  properties: {
    category: 'Cost'
    amount: budgetAmount
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: budgetStart
    }
    notifications: {
      spent80: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: [
          email
        ]
      }
      forecast100: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: [
          email
        ]
      }
    }
  }
}
