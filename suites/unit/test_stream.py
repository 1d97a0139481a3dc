"""The stream: what it holds is encrypted, and kept longer than records are tried."""

from stackproof.testing import StackQuery, TemplateAssertions

STREAM = "AWS::Kinesis::Stream"


def test_there_is_one_stream_and_it_is_encrypted(template: TemplateAssertions) -> None:
    template.resource_count_is(STREAM, 1)
    template.all_resources_properties(STREAM, {"StreamEncryption": {"EncryptionType": "KMS"}})


def test_the_stream_has_two_shards_or_more(stack: StackQuery) -> None:
    stream = stack.resource(STREAM, where={"StreamModeDetails": {"StreamMode": "PROVISIONED"}})
    assert stack.value(stream, "/ShardCount") >= 2


def test_records_are_kept_for_a_day_or_more(stack: StackQuery) -> None:
    assert stack.value(stack.resource(STREAM), "/RetentionPeriodHours") >= 24


def test_no_record_leaves_the_stream_while_it_is_still_tried(stack: StackQuery) -> None:
    age = stack.value(stack.resource("AWS::Lambda::EventSourceMapping"), "/MaximumRecordAgeInSeconds")
    assert 0 < age <= stack.value(stack.resource(STREAM), "/RetentionPeriodHours") * 3600


def test_the_stream_outlives_the_stack(template: TemplateAssertions) -> None:
    template.all_resources(STREAM, {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"})
