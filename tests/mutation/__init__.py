"""Mutation testing of the policy core: would a test notice if a line meant something else?"""
