"""The same lookup as others would write it, to be measured beside ours."""
