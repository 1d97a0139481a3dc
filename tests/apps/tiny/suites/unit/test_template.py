"""Assertions on the template."""


def test_queue_hides_a_message_for_a_minute(template):
    template.has_resource_properties("AWS::SQS::Queue", {"VisibilityTimeout": 60})


def test_there_is_one_stream(template):
    template.resource_count_is("AWS::Kinesis::Stream", 1)
