"""The alert that a connector hands over."""


class AlertInfo:
    def __init__(self):
        self.environment = self.ticket_id = self.display_id = self.name = self.description = None
        self.reason = self.source_system_url = self.source_rule_identifier = None
        self.device_vendor = self.device_product = self.start_time = self.end_time = None
        self.rule_generator = self.source_grouping_identifier = self.siem_alert_id = None
        self.is_test_case = self.alert_update_supported = False
        self.priority = -1
        self.extensions, self.events, self.attachments = {}, [], []
        self.updated_fields, self.alert_metadata, self.data_access_scope = {}, {}, None
